"""The records: brought in, read with a person's eyes, checked."""
