"""What the product costs and how fast it is, measured on this machine: `make bench`."""
