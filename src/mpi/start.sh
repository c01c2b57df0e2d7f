#!/bin/sh
# Starts one rank of a program, which may call one library: that of MPI.
# usage: start.sh DENO PROGRAM [arguments]
# The program gets the path of the library and the name of the machine before its arguments.
#
# It stays the parent of the rank to report if it is killed: launchers then name no machine, or show
# no more than an exit code. It also ends the job where launchers do not: MPICH's waits for the other
# ranks if one has not joined the job, and for a rank whose parent, `deno task`, was killed.

# The connection to MPICH's launcher, which is a descriptor. Some shells, dash among them, can close
# and write to those below 10 only; without bash, the job then ends when the other ranks give up.
connection=${PMI_FD-}
if [ "${#connection}" -gt 1 ] && [ -z "${BASH_VERSION-}" ]; then
  command -v bash >/dev/null && exec bash "$0" "$@"
  connection=
fi

deno=$1
program=$2
shift 2
here=$(dirname "$0")
host=$(uname -n)
rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-${SLURM_PROCID:-${PMIX_RANK:-0}}}}
variables=OMPI_COMM_WORLD_RANK,OMPI_COMM_WORLD_SIZE,PMI_RANK,PMI_SIZE,PMIX_RANK
variables=$variables,SLURM_PROCID,SLURM_STEP_NUM_TASKS,LD_LIBRARY_PATH,MPI_HOME,I_MPI_ROOT
variables=$variables,UNROLL_OUTPUT

# Open MPI gives each rank a pseudo-terminal, even if the launcher itself writes to a file or a pipe,
# where a line that is drawn again and again must not go.
process=$PPID
while [ "$process" -gt 1 ] && read -r stat <"/proc/$process/stat"; do
  case $stat in
    *'(mpirun'* | *'(mpiexec'* | *'(orterun'* | *'(prterun'*)
      case $(readlink "/proc/$process/fd/1") in
        /dev/pts/* | /dev/tty* | /dev/console | '') ;;
        *) export UNROLL_OUTPUT=plain ;;
      esac
      break
      ;;
  esac
  # shellcheck disable=SC2086 # The words after the name: state, parent, …
  process=$(set -- ${stat##*) } && echo "$2")
done 2>/dev/null

# Replaces a subshell by a program.
start() {
  exec "$deno" run --no-code-cache --frozen --lock="$here/../deno.lock" \
    --config="$here/../../deno.json" --allow-read --allow-env="$variables" "$@"
}

# Passes a signal on.
stop() {
  stopped=yes
  kill -s "$1" "$child"
}

# Whether the parent of this process is still `deno task`: a process that has ended may keep its
# number for a while.
has_parent() {
  if read -r stat </proc/$$/stat; then
    # shellcheck disable=SC2086 # The words after the name: state, parent, …
    set -- ${stat##*) }
    [ "$2" = "$PPID" ]
  else
    kill -0 "$PPID"
  fi
}

# Prints what has happened to the rank.
report() {
  echo "error: rank $rank on $host $1" >&3
}

# Ends the rank when the parent of this process has ended.
watch() {
  # A signal to all processes of a rank must not end the one that guards it.
  trap '' TERM INT HUP
  # Launchers wait until the last process has closed this connection.
  [ -z "$connection" ] || eval "exec $connection>&-"
  while sleep 1; do
    has_parent && continue
    kill -s KILL "$child"
    # The process that waits for the rank reports it, if it is still there.
    kill -0 $$ || report "has lost its parent process, deno task"
    exit
  done
}

library=$(start "$here/print_library.ts" "$@")
# In the background, so that signals reach the traps while it runs.
start --allow-write ${library:+"--allow-ffi=$library"} "$program" "$library" "$host" "$@" <&0 &
child=$!
trap 'stop TERM' TERM
trap 'stop INT' INT
trap 'stop HUP' HUP
# Nothing may read what this process says.
trap '' PIPE
# Without what the shell itself says about processes that were killed.
exec 3>&2 2>/dev/null
watch </dev/null >/dev/null &
watcher=$!
while
  wait "$child"
  code=$?
  # A signal ends `wait` before the rank ends.
  kill -0 "$child"
do :; done
kill -s KILL "$watcher"

# A run that a signal has stopped ends with 129, 130 or 143, on all ranks.
case $code in 0 | 129 | 130 | 143) exit "$code" ;; esac
# A launcher that ends all ranks sends signals to this process, too, before it kills them.
if ! has_parent; then
  report "has lost its parent process, deno task"
elif [ "$code" -gt 128 ] && [ -z "$stopped" ]; then
  report "was killed by SIG$(kill -l "$code")"
fi
# What MPI_Abort sends to MPICH's launcher, which sets both variables. It may end before it passes on a
# line that was written just before.
if [ -n "$connection" ] && [ -n "$MPI_LOCALRANKID" ]; then
  sleep 1
  eval "echo cmd=abort exitcode=$code >&$connection"
fi
exit "$code"
