# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the presets say of machines: the entry `vendor` of a file and of each of its configure presets."""
import difflib
import json
from pathlib import Path

from kramers_launch.errors import BadInput, UsageError

VENDOR = "kramers/1.0"
SCHEDULERS = ("slurm", "pbs", "flux", "none")


def folder():
    """What the installation has left beside this file, or else the presets of the source tree."""
    here = Path(__file__).resolve()
    installed = here.with_name("machines")
    return installed if installed.is_dir() else here.parents[3] / "cmake/presets/machines"


def read(path):
    """The machines of one file: name -> facts. Those of a preset come before those of its file."""
    try:
        presets = json.loads(path.read_text(encoding="utf-8"))
        common = presets["vendor"][VENDOR]
        found = {preset["name"]: {**common, **preset["vendor"][VENDOR], "name": preset["name"]}
                 for preset in presets["configurePresets"] if not preset.get("hidden")}
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadInput(f"{path}: is no file of presets with facts of machines in \"vendor\", \"{VENDOR}\"; "
                       "cmake/presets/README.md shows one") from None
    for name, facts in found.items():
        if facts.get("scheduler") not in SCHEDULERS or not isinstance(facts.get("partitions"), dict):
            raise BadInput(f"{path}: invalid facts of {name}: expected a scheduler ({', '.join(SCHEDULERS)}) and "
                           "partitions")
        facts["environment_script"] = environment_script(path, facts)
    return found


def environment_script(path, facts):
    """The shell lines that load the modules of a machine."""
    if "env" not in facts:
        return ""
    try:
        text = (path.parent / facts["env"]).read_text(encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path.parent / facts['env']}: cannot be read: {error.strerror}") from None
    about = ("# SPDX-License-Identifier:", "# shellcheck ")
    return "".join(line + "\n" for line in text.splitlines() if not line.startswith(about))


def all_machines():
    found = {}
    for path in sorted(folder().glob("*.json")):
        found.update(read(path))
    return found


def machine(name):
    """The facts of a machine that is known, or of the only one in a file."""
    if name.endswith(".json"):
        found = read(Path(name))
        if len(found) != 1:
            raise BadInput(f"{name}: holds {len(found)} machines; expected one")
        return next(iter(found.values()))
    known = all_machines()
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, 3, 0.5) or [other for other in known if name.lower() in other]
    meant = f"did you mean {' or '.join(near[:3])}?" if near else "kramers-launch --list names those that are"
    raise UsageError(f"the machine {name} is not known; {meant} (a file NAME.json describes one that is not listed)")
