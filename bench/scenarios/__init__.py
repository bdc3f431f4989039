"""What no closed loop over one registry shows: many registries, sick ones, too many questions, memory."""
