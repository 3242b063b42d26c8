"""What happens on the ring in one view: frames, the ring itself, the models."""
