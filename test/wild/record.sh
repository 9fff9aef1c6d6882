#!/bin/bash
# SPDX-License-Identifier: MIT
# record.sh FOLDER FROM TO: recordings of random workloads on the running kernel (root, /dev/kvm, tracefs), each with
# what the kernel's own page flags said at its markers. By the number: events left out, recording begun late, other clocks,
# a buffer that overflows, CPU 1 going offline and coming back (every fifth), two processes with a machine each. Then: FOLIOSCOPE_WILD=FOLDER npx vitest run test/wild.test.ts
set -e
folder=$1; from=$2; to=$3
here=$(cd "$(dirname "$0")" && pwd)
tracing=/sys/kernel/tracing
[ -e $tracing/instances ] || mount -t tracefs nodev $tracing
buffer=$tracing/instances/folioscope-wild
mkdir -p "$folder" $buffer
cc -O1 -w -o "$folder/workload" "$here/workload.c"
page_cache='filemap/mm_filemap_add_to_page_cache filemap/mm_filemap_delete_from_page_cache pagemap/mm_lru_insertion'
calls='syscalls/sys_enter_ioctl syscalls/sys_exit_ioctl'
for number in $(seq "$from" "$to"); do
  echo 0 > $buffer/tracing_on
  echo > $buffer/trace
  echo 4096 > $buffer/buffer_size_kb
  for event in $page_cache $calls workqueue; do echo 1 > $buffer/events/$event/enable; done
  kind=none; late=0; clock=local; off=; hotplug=0
  case $((number % 8)) in
    1) kind=nodelete; off=filemap/mm_filemap_delete_from_page_cache ;;
    2) kind=late; late=1 ;;
    3) kind=three; off="$calls workqueue" ;;
    4) kind=noadd; off=filemap/mm_filemap_add_to_page_cache ;;
    5) kind=noins; off=pagemap/mm_lru_insertion ;;
    6) kind=mono; clock=mono ;;
    7) if [ $((number % 16)) = 7 ]; then kind=uptime; clock=uptime; else kind=tsc; clock=x86-tsc; fi ;;
  esac
  for event in $off; do echo 0 > $buffer/events/$event/enable; done
  if [ $((number % 5)) = 0 ] && [ -e /sys/devices/system/cpu/cpu1/online ]; then kind=$kind-hotplug; hotplug=1; fi
  if [ $((number % 24)) = 0 ]; then kind=$kind-small; echo 64 > $buffer/buffer_size_kb; fi
  echo $clock > $buffer/trace_clock
  if [ $((number % 7)) = 3 ]; then
    kind=$kind-two
    # The first to end stops the recording: its neighbour's later readings have no markers in it.
    "$folder/workload" "$((number + 1000))" $buffer/trace_marker $late $buffer/tracing_on 0 b > "$folder/other.truth" &
  fi
  "$folder/workload" "$number" $buffer/trace_marker $late $buffer/tracing_on $hotplug > "$folder/$number.$kind.truth"
  wait
  if [ -e "$folder/other.truth" ]; then cat "$folder/other.truth" >> "$folder/$number.$kind.truth"; rm "$folder/other.truth"; fi
  cat $buffer/trace > "$folder/$number.$kind.txt"
done
echo 0 > $buffer/events/enable
rmdir $buffer
