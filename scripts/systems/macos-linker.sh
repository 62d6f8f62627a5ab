#!/bin/sh
# Links for macOS by lld. Rust's compiler calls it as it calls `lld` itself, but with options for a
# C compiler too (-Wl,-install_name,...), which build.rs gives because that is what links on macOS.
count=$#
while [ "$count" -gt 0 ]; do
    word=$1
    shift
    case $word in
    -flavor)
        shift
        count=$((count - 1))
        ;;
    -Wl,*)
        rest=${word#-Wl,}
        while [ -n "$rest" ]; do
            set -- "$@" "${rest%%,*}"
            case $rest in *,*) rest=${rest#*,} ;; *) rest='' ;; esac
        done
        ;;
    *) set -- "$@" "$word" ;;
    esac
    count=$((count - 1))
done
exec lld -flavor darwin "$@"
