# common.sh — what build-aux/run and build-aux/test share; sourced by both, with $root set to the checkout
# shellcheck shell=bash

export LC_ALL=C.UTF-8
unset GIO_EXTRA_MODULES GTK_MODULES

say () { echo "$*" >&2; }
die () { say "$(basename "$0"): $*"; exit 1; }

# Some machines have no home, or one that cannot be written; nothing below may depend on it.
if [ -z "${HOME:-}" ] || [ ! -d "$HOME" ] || [ ! -w "$HOME" ]; then
  HOME=$(mktemp -d "${TMPDIR:-/tmp}/fieldpost-home.XXXXXX")
  export HOME
  trap 'rm -rf "$HOME"' EXIT
fi

as_root ()
{
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif ! command -v sudo >/dev/null; then
    return 127
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# Prints the packages of the given kinds that are not installed, one a line.
missing_packages ()
{
  local column=$1 wanted
  shift
  wanted=$(awk -v kinds=" $* " -v column="$column" \
    '!/^#/ && NF && index(kinds, " " $1 " ") && $column != "-" { print $column }' "$root/build-aux/packages")
  case ${CC:-} in *clang*)
    if [ "$column" = 2 ]; then wanted="$wanted clang libclang-rt-dev"; else wanted="$wanted clang compiler-rt"; fi
  esac
  if [ "$column" = 2 ]; then
    # shellcheck disable=SC2086
    { dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null || true; } \
      | awk -v wanted="$(echo $wanted)" '
          $1 == "installed" { have[$2] = 1 }
          END { n = split (wanted, w, " "); for (i = 1; i <= n; i++) if (!(w[i] in have)) print w[i] }'
  else
    local p
    for p in $wanted; do rpm -q --quiet --whatprovides "$p" || echo "$p"; done
  fi
}

# Installs what is missing of the given kinds; instant when nothing is.
install_packages ()
{
  local column missing log kinds="$*"

  if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
    column=2
  elif command -v rpm >/dev/null && command -v dnf >/dev/null; then
    column=3
  else
    say "No apt-get or dnf here: assuming that what build-aux/packages lists is installed."
    return 0
  fi

  # A machine that is up and lives without NetworkManager keeps its network as it is.
  if ! command -v NetworkManager >/dev/null && [ -d /run/systemd/system ] && [ "${CI:-}" != true ]; then
    kinds=${kinds/network/}
  fi

  # shellcheck disable=SC2086
  missing=$(missing_packages $column $kinds)
  [ -n "$missing" ] || return 0
  say "Installing $(echo "$missing" | wc -l) packages:" $missing
  log=$(mktemp "${TMPDIR:-/tmp}/fieldpost-packages.XXXXXX")
  # shellcheck disable=SC2086
  if [ $column = 2 ]; then
    apt_install $missing >"$log" 2>&1 </dev/null
  else
    as_root dnf -y --setopt=install_weak_deps=False install $missing >"$log" 2>&1 </dev/null
  fi || {
    tail -n 20 "$log" >&2
    die "could not install packages (log: $log); install them yourself and run this again:" $missing
  }
  rm -f "$log"
}

apt_install ()
{
  local options=(-y --no-install-recommends -o DPkg::Lock::Timeout=300)

  # The package lists may be absent or too old: only then are they fetched.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" && return 0
  as_root apt-get update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@"
}

# configure FOLDER OPTION…: makes or keeps a meson build folder; the compiler comes from $CC.
configure ()
{
  local folder=$1 options again=()
  shift
  options="${CC:-cc} $*"
  if [ -f "$folder/build.ninja" ]; then
    [ "$(cat "$folder/fieldpost-options" 2>/dev/null)" != "$options" ] || return 0
    if [ -f "$folder/fieldpost-options" ]; then
      rm -rf "$folder"
    else
      again=(--reconfigure) # somebody's own folder: it stays
    fi
  fi
  mkdir -p "$folder"
  meson setup "${again[@]}" "$folder" "$root" "$@" >"$folder/setup.log" 2>&1 </dev/null || {
    tail -n 30 "$folder/setup.log" >&2
    die "meson could not configure (log: $folder/setup.log)"
  }
  echo "$options" >"$folder/fieldpost-options"
}

# compile FOLDER TARGET…: quiet unless it fails.
compile ()
{
  local folder=$1
  shift
  ninja -C "$folder" "$@" >"$folder/compile.log" 2>&1 </dev/null || {
    grep -vE '^\[[0-9]+/[0-9]+\]|^ninja: Entering' "$folder/compile.log" | tail -n 60 >&2
    die "the build failed (log: $folder/compile.log)"
  }
}
