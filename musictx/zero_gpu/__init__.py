"""Generation on a Hugging Face ZeroGPU Space: a GPU is lent for the length of a call, in a forked process."""
