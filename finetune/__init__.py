"""Fine-tuning: training examples become a LoRA adapter."""
