"""How well the program does, measured on material with known answers."""
