"""Where the register of protected persons and its keys lie, in the operator's home folder."""

FILE_NAME = "protected-persons.json"
KEYS_NAME = "protected-persons-keys.json"
