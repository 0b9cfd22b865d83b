"""A repository that `backup create` has begun, for stories in which no backup is taken."""

import hashlib
import json
from pathlib import Path


def sealed(members):
    """As docs/repository-format.md has it: the last member is the SHA-256 of what stands before."""
    text = json.dumps(members, indent=1)[:-2]
    return f'{text},\n "sha256": "{hashlib.sha256(text.encode()).hexdigest()}"\n}}\n'


def begun(folder):
    """The folder, made where it is missing, as an empty repository without a key."""
    folder = Path(folder)
    folder.mkdir(mode=0o750, exist_ok=True)
    about = sealed({"format": 1, "program": "test", "created_us": 1, "encryption": None,
                    "key_check": None})
    for name in "repository.json", "repository.copy.json":
        (folder / name).write_text(about)
    return folder
