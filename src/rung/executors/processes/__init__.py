"""Worker processes of one machine, as their driver sees them: started, heard, given room, buried."""
