"""Example data: the rules of Expo 2010 Shanghai."""
