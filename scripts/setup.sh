# Sourced by demo and test: a virtual environment in .venv with Clew in it, made once.
#
# usage: . scripts/setup.sh EXTRA    (EXTRA: dev, or "" for none)
# Does nothing when pyproject.toml and constraints.txt are those of the last time.

extra="$1"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$root"

python="${PYTHON:-}"
if [ -z "$python" ]; then
    for candidate in python3.11 python3.12 python3.13 python3; do
        if command -v "$candidate" >/dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            python="$candidate"
            break
        fi
    done
fi
if [ -z "$python" ]; then
    echo "Clew needs Python 3.11 or later; none was found. Install it (Debian: apt-get install python3) or set PYTHON." >&2
    exit 1
fi

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    # Debian keeps venv in a package of its own.
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing python3-venv" >&2
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        echo "Python's venv module is missing. Install it: sudo apt-get install python3-venv" >&2
        exit 1
    fi
fi

wanted="$(cat pyproject.toml constraints.txt | cksum) $extra"
stamp=.venv/.clew-setup
# An environment made for tests serves the demo too.
if ! grep -qxF -e "$wanted" -e "$(cat pyproject.toml constraints.txt | cksum) dev" "$stamp" 2>/dev/null; then
    echo "setup: installing Clew's dependencies into .venv (once, some minutes)" >&2
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    # torch first: whatever needs it afterwards then takes the build that is there.
    torch="$(grep '^torch==' constraints.txt)"
    .venv/bin/python -m pip install -q --disable-pip-version-check "$torch" -c constraints.txt
    .venv/bin/python -m pip install -q --disable-pip-version-check -e ".${extra:+[$extra]}" -c constraints.txt
    echo "$wanted" > "$stamp"
fi
export PATH="$root/.venv/bin:$PATH"
