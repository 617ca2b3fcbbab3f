"""How a stack of trials takes its steps, on one device."""
