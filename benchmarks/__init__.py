"""Speed and effectiveness, measured on the product itself; each module is one command."""
