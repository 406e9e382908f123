#!/bin/sh
# Assembles the image's root file system in $1 from the Debian packages installed here, file by file:
# what a shell loop and a Python turn need, with the packages' records, so that scanners see them.
set -eu
root=$1
python=$(readlink -f /usr/bin/python3) # /usr/bin/python3.N
lib=/usr/lib/${python##*/}
stdlib=lib${python##*/}

# What nothing here imports, by name; `tests/image` runs every role without it. Of encodings, what the web,
# terminals and Python itself speak stays.
unused='EXTERNALLY-MANAGED LICENSE.txt __hello__.py __phello__ _aix_support.py _android_support.py
    _apple_support.py _distutils_system_mod.py _ios_support.py _markupbase.py _osx_support.py _pydatetime.py
    _pydecimal.py _pyio.py _pyrepl antigravity.py asyncio/__main__.py asyncio/proactor_events.py
    asyncio/windows_*.py bdb.py bz2.py cProfile.py cmd.py code.py codeop.py colorsys.py compileall.py
    configparser.py ctypes/_aix.py ctypes/util.py ctypes/wintypes.py curses dbm doctest.py
    email/_header_value_parser.py email/architecture.rst email/contentmanager.py email/headerregistry.py email/mime
    email/policy.py ensurepip fileinput.py filecmp.py fractions.py ftplib.py graphlib.py html/parser.py idlelib
    imaplib.py logging/config.py logging/handlers.py lzma.py mailbox.py modulefinder.py multiprocessing optparse.py
    pdb.py pickletools.py plistlib.py poplib.py profile.py pstats.py pty.py py_compile.py pyclbr.py pydoc.py
    pydoc_data rlcompleter.py sched.py shelve.py sitecustomize.py smtplib.py sqlite3 statistics.py symtable.py
    sysconfig/__main__.py tabnanny.py tarfile.py test this.py tkinter trace.py turtle.py turtledemo unittest
    urllib/robotparser.py venv wave.py wsgiref/validate.py xml/dom xmlrpc zipapp.py
    encodings/big5*.py encodings/bz2_codec.py encodings/cp0*.py encodings/cp1006.py encodings/cp1026.py
    encodings/cp11*.py encodings/cp424.py encodings/cp[25-9]*.py encodings/euc_*.py encodings/gb*.py
    encodings/hp_roman8.py encodings/hz.py encodings/iso2022_*.py encodings/johab.py encodings/koi8_t.py
    encodings/kz1048.py encodings/mac_*.py encodings/mbcs.py encodings/oem.py encodings/palmos.py
    encodings/ptcp154.py encodings/shift_jis*.py
    lib-dynload/_bz2.* lib-dynload/_codecs_* lib-dynload/_ctypes_test.* lib-dynload/_curses* lib-dynload/_dbm.*
    lib-dynload/_interp* lib-dynload/_lsprof.* lib-dynload/_lzma.* lib-dynload/_multiprocessing.*
    lib-dynload/_posixshmem.* lib-dynload/_sqlite3.* lib-dynload/_test* lib-dynload/_uuid.*
    lib-dynload/_xxtestfuzz.* lib-dynload/readline.* lib-dynload/xx*'

copy() { # a file or link under the same name, with the directories above it
    mkdir -p "$root$(dirname "$1")"
    cp -a "$1" "$root$1"
}

record() { # what a scanner reads of a package: its entry in dpkg's database, and its licence
    mkdir -p "$root/var/lib/dpkg/status.d"
    dpkg-query -s "$1" >"$root/var/lib/dpkg/status.d/${1%%:*}"
    notice=/usr/share/doc/${1%%:*}/copyright
    mkdir -p "$root${notice%/*}"
    cp -L "$notice" "$root$notice"
}

# Debian's merged /usr.
mkdir -p "$root/usr/bin" "$root/usr/lib" "$root/etc" "$root/tmp" "$root/run" "$root/proc" "$root/sys" "$root/dev"
for link in /bin /lib /lib64; do [ ! -L "$link" ] || cp -a "$link" "$root$link"; done
[ ! -L /lib64 ] || mkdir -p "$root/usr/lib64"
mkdir -p "$root/var"
ln -s /run "$root/var/run"

# The standard library.
for package in "$stdlib-minimal" "$stdlib-stdlib"; do
    dpkg-query -L "$package" | while read -r path; do
        case $path in "$lib"/*) [ -d "$path" ] || copy "$path" ;; esac
    done
done
(cd "$root$lib" && for path in $unused; do rm -rf "$path"; done)
find "$root$lib" -name '*.py' -exec chmod a-x {} +

# The programs that entrypoint.sh calls.
for program in "$python" /usr/bin/dash /usr/bin/date; do copy "$program"; done
ln -s "${python##*/}" "$root/usr/bin/python3"
ln -s dash "$root/usr/bin/sh"

# The shared libraries that these load, under the names by which the loader asks for them.
find "$root" /packages -type f \( -path '*/usr/bin/*' -o -name '*.so*' \) -exec ldd {} + 2>/dev/null |
    awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && $2 ~ /^\(/ { print $1 }' | sort -u |
    while read -r path; do
        path=$(realpath -s "$(readlink -f "${path%/*}")/${path##*/}")
        copy "$path"
        copy "$(readlink -f "$path")"
    done
loader=$(ldd "$python" | awk '$1 ~ /^\// { print $1 }')
[ -e "$root$loader" ] || cp -a "$loader" "$root$loader"
# Where they are: without it each process looks into seven places first, and each tick of the loop is a process.
ldconfig -X -r "$root"
rm -rf "$root/var/cache"

# The loop starts a `sleep` each minute, for ever: klibc's needs no loader and no libc (docs/decisions/0021).
for path in /usr/lib/klibc/bin/sleep /usr/lib/klibc-*.so; do copy "$path"; done
ln -s ../lib/klibc/bin/sleep "$root/usr/bin/sleep"

# Certificate authorities, where OpenSSL looks for them.
copy /etc/ssl/certs/ca-certificates.crt
mkdir -p "$root/usr/lib/ssl"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
copy /usr/lib/os-release
ln -s ../usr/lib/os-release "$root/etc/os-release"

for package in base-files ca-certificates klibc-utils libklibc python3-minimal "$stdlib-minimal" "$stdlib-stdlib"; do
    record "$package"
done
find "$root/usr/bin" "$root/usr/lib" -maxdepth 2 -type f -path '*/usr/bin/*' -o -type f -name '*.so*' |
    sed "s#^$root##" | xargs dpkg-query -S | sed 's/: .*//' | sort -u |
    while read -r package; do record "$package"; done

# Names for the two users that matter; names of hosts come from the engine.
printf '%s\n' 'root:x:0:0:root:/:/sbin/nologin' 'entra:x:65532:65532:entra:/:/sbin/nologin' >"$root/etc/passwd"
printf '%s\n' 'root:x:0:' 'entra:x:65532:' >"$root/etc/group"
printf '%s\n' 'hosts: files dns' >"$root/etc/nsswitch.conf"

chmod 1777 "$root/tmp"
# Any uid can use them, with or without a volume, as an emptyDir: what is private lies in directories
# that the program makes itself.
for directory in /run/secrets/entra /var/lib/entra-sidecar; do
    mkdir -p "$root$directory"
    chown 65532:65532 "$root$directory"
    chmod 1777 "$root$directory"
done
