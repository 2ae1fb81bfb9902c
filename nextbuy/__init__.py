"""The front door: the command line, the demo shops and the simulator."""
