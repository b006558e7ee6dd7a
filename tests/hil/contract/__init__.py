"""What every driver's channels must do, asked in the suite's words."""
