"""What was uploaded: documents, their versions, pages and passages, and where their bytes lie."""
