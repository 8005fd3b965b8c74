"""A doctor for studies: what a practitioner would check, in sentences, each with the numbers that it rests on."""
