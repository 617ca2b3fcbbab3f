"""What to try: experiments, schemes, sweeps and their trials; never torch."""
