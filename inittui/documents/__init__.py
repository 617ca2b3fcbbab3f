"""JSON documents, a contract with programs."""
