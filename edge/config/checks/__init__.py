"""What the values of a site file mean together, one topic a file. Reads nothing but the site."""
