"""Sound files as users have them: found, opened whatever their header says, mixed down, judged for clipping."""
