"""Print the table of settings for docs/operating.md: ``python -m kernel.settings_table``."""

import sys
from dataclasses import fields

from kernel.settings import Settings, variable_name


def markdown_table() -> str:
    """Return every setting as one Markdown table, in the order of the fields."""
    lines = ["| Variable | Default | Meaning |", "| --- | --- | --- |"]
    for setting in fields(Settings):
        default = setting.metadata.get("default") or f"`{str(setting.default).lower()}`"
        lines.append(f"| `{variable_name(setting.name)}` | {default} | {setting.metadata['meaning']} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(markdown_table())
