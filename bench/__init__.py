"""The measurements behind every figure in the documents; ``python -m bench`` prints them."""
