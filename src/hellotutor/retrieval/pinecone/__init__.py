"""The VectorIndex in Pinecone's cloud."""
