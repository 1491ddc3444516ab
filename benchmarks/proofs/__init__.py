"""Long proofs: `script/prove NAME` runs one and writes its table into docs/proofs/."""
