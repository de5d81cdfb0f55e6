"""What makes MXNet 1.9.1 run here: its requirements, its installer, and the compatibility layer.

All modules of this package use only the standard library, and all but `compat` only help to
install MXNet or to say why it does not run. The course itself needs none of them directly.
"""
