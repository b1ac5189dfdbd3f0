#!/bin/sh
# Writes syscalls.txt and groups.txt, the one source of the tables of this
# package. Run it by hand when either source has grown, then "go generate".
#
# The numbers are those of the kernel's UAPI headers, from Debian's packages
# linux-libc-dev, linux-libc-dev-arm64-cross and linux-libc-dev-armhf-cross
# (unpacked below $1 where they are not installed); those of calls that are
# newer than these headers are the same on every ABI, and written down below.
# The groups are what "systemd-analyze syscall-filter" of systemd 257 prints:
# they hold all that those of 252 do.
set -eu
cross=${1:-}
headers() { # NAME=NUMBER of one ABI, from a preprocessed asm/unistd.h
	echo '#include <asm/unistd.h>' | cpp -dM "$@" - |
		sed -n 's/^#define __\(ARM_\)\{0,1\}NR_\([a-z_0-9]*\) .*/\2 __\1NR_\2/p' | sort > names.tmp
	{ echo '#include <asm/unistd.h>'; sed 's/^\([^ ]*\) \(.*\)/@ \1 \2/' names.tmp; } | cpp -P "$@" - |
		sed -n 's/^@ \([a-z_0-9]*\) \(.*\)$/echo \1 $((\2))/p' | sh | sed 's/^\([a-z0-9_]*\) \([0-9]*\)$/\1=\2/'
	rm names.tmp
}
headers > amd64.tmp
headers -D__ILP32__ > x32.tmp
headers -D__i386__ > i386.tmp
headers -nostdinc -I "$cross/usr/aarch64-linux-gnu/include" > arm64.tmp
headers -nostdinc -U__x86_64__ -D__ARM_EABI__ -I "$cross/usr/arm-linux-gnueabihf/include" > arm.tmp
for n in 451:cachestat 452:fchmodat2 453:map_shadow_stack 454:futex_wake 455:futex_wait 456:futex_requeue \
	457:statmount 458:listmount 459:lsm_get_self_attr 460:lsm_set_self_attr 461:lsm_list_modules 462:mseal \
	463:setxattrat 464:getxattrat 465:listxattrat 466:removexattrat 467:open_tree_attr \
	468:file_getattr 469:file_setattr; do
	for abi in amd64 i386 arm64 arm; do echo "${n#*:}=${n%:*}" >> $abi.tmp; done
	echo "${n#*:}=$((${n%:*} + 0x40000000))" >> x32.tmp
done
echo uretprobe=335 >> amd64.tmp # x86-64 alone has it
echo uretprobe=$((335 + 0x40000000)) >> x32.tmp
systemd-analyze --no-pager syscall-filter | sed -n 's/^@/@/p; s/^    \([@a-z_].*\)/\t\1/p' > groups.txt
{
	echo "# name amd64 x32 i386 arm64 arm; made by mksyscalls.sh"
	{ sed 's/=.*//' *.tmp | grep -vx syscalls; sed -n 's/^\t\([a-z_]\)/\1/p' groups.txt; } | sort -u | while read -r name; do
		line=$name
		for abi in amd64 x32 i386 arm64 arm; do
			n=$(sed -n "s/^$name=//p" $abi.tmp | head -n 1)
			line="$line ${n:--}"
		done
		echo "$line"
	done
} > syscalls.txt
rm -f ./*.tmp
