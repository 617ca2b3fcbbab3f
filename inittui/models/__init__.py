"""Networks in plain torch.nn style. They know nothing of initializers.

Torch is imported by the modules that build, not by this one.
"""
