"""Programs killed at random under real calls, and the books checked afterwards: `make chaos`."""
