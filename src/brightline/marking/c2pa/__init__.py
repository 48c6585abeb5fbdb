"""Signs files with an organisation's key as C2PA asks, in the file where its format has a place, else beside it."""
