#!/usr/bin/env bash
# One step of the set-up: .ci/setup.sh python|tools|node|front-end|chromium|libreoffice|project|lock. The Makefile knows when each is due.
set -euo pipefail
cd "$(dirname "$0")/.."

venv_python=.venv/bin/python

fail() {
  printf 'origami_widgets: %s\n' "$*" >&2
  exit 1
}

# apt_install PURPOSE COMMAND_ON_A_MAC PACKAGE...: install Debian packages, or say in one sentence what stands in the way.
apt_install() {
  local purpose=$1 on_a_mac=$2 as_root=()
  shift 2
  command -v apt-get >/dev/null || fail "$purpose is missing: install $* by hand${on_a_mac:+; on a Mac, '$on_a_mac' brings it}."
  if [ "$(id -u)" != 0 ]; then
    sudo -n true 2>/dev/null || fail "$purpose is missing, and installing it needs root: run 'sudo apt-get install $*'."
    # sudo forgets the proxies.
    as_root=(sudo -n env "http_proxy=${http_proxy:-}" "https_proxy=${https_proxy:-}" "no_proxy=${no_proxy:-}")
  fi
  echo "installing $purpose with apt-get"
  local options=(-qq -y -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0) log
  log=$(mktemp)
  # A source that can't be reached need not be the one that has these packages: only the second call decides.
  "${as_root[@]}" apt-get "${options[@]}" update >"$log" 2>&1 || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" --no-install-recommends install "$@" >>"$log" 2>&1 || {
    cat "$log" >&2
    fail "apt-get could not install $purpose; its own words stand above."
  }
  rm -f "$log"
}

uv_pip() {
  local command=$1 settings
  shift
  settings=$("$venv_python" .ci/pip_settings.py)
  (eval "$settings" && exec "$venv_python" -m uv pip "$command" --quiet --python "$venv_python" "$@")
}

find_python() {
  local name
  for name in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    if [ -n "$name" ] && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$name"
      return
    fi
  done
  fail "Python 3.11 or newer is missing: 'apt-get install python3 python3-venv' brings it on Debian 12 and later, 'brew install python' on a Mac."
}

setup_python() {
  local python
  python=$(find_python)
  if ! "$venv_python" -m pip --version >/dev/null 2>&1; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
      apt_install "venv for $("$python" --version)" "" "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    "$python" -m venv --clear .venv
  fi
  echo "installing Python packages for the demo, about 450 MB"
  "$venv_python" -m uv --version >/dev/null 2>&1 || "$venv_python" -m pip install --quiet --disable-pip-version-check uv
  uv_pip install --compile-bytecode --require-hashes -r requirements-demo.lock
}

setup_tools() {
  echo "installing Python packages for contributors, about 1.3 GB"
  uv_pip install --compile-bytecode --require-hashes -r requirements-dev.lock
}

setup_project() {
  uv_pip install --no-deps --no-build-isolation --editable .
}

setup_node() {
  echo "installing Node.js, about 200 MB"
  uv_pip install --require-hashes -r requirements-node.lock
}

setup_front_end() {
  echo "installing what builds the front end, about 370 MB"
  # npm's own words only where something went wrong.
  npm ci --prefix js --loglevel=error --no-audit --no-fund --no-update-notifier >/dev/null
}

setup_chromium() {
  local name
  for name in chromium chromium-browser google-chrome "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    command -v "$name" >/dev/null && return
  done
  apt_install "Chromium for the browser tests" "brew install --cask google-chrome" chromium fonts-liberation fonts-dejavu-core fonts-noto-color-emoji
}

setup_libreoffice() {
  command -v soffice >/dev/null || apt_install "LibreOffice for the tests of workbooks" "brew install --cask libreoffice" libreoffice-calc-nogui
}

lock() {
  compile requirements-dev.lock --group dev --group demo --extra all --extra demo pyproject.toml
  compile requirements-demo.lock --constraint requirements-dev.lock --group demo --extra demo pyproject.toml
  compile requirements-node.lock --group node
}

compile() {
  UV_CUSTOM_COMPILE_COMMAND="make lock" uv_pip compile --universal --generate-hashes \
    --no-emit-index-url --no-emit-find-links --python-version 3.11 ${UPGRADE:+--upgrade} --output-file "$@"
}

case ${1:-} in
  python | tools | node | chromium | libreoffice | project) "setup_$1" ;;
  front-end) setup_front_end ;;
  lock) lock ;;
  *) fail "usage: .ci/setup.sh python|tools|node|front-end|chromium|libreoffice|project|lock" ;;
esac
