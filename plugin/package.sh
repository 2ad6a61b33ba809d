#!/usr/bin/env bash
# Gathers what a user would download: plugins, standalone programs, licences. package.sh BUILD FOLDER
set -euo pipefail
build=$1 folder=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$folder"
for plugin in Transfer Instrument; do
  for kind in VST3 LV2 AU Standalone; do
    made="$build/${plugin}_artefacts/Release/$kind"
    [ -d "$made" ] || continue
    mkdir -p "$folder/$kind"
    cp -R "$made/." "$folder/$kind/"
  done
done
if [ "$(uname -s)" = Linux ]; then
  find "$folder" -type f \( -name '*.so' -o -path '*/Standalone/DDSP-RT *' \) -exec strip {} +
fi
# The manual, with its pictures where it will look for them; further pages stay with the source.
sed -e 's#(\.\./plugin/LICENCES\.md)#(LICENCES.md)#' "$here/../docs/plugins.md" > "$folder/README.md"
mkdir -p "$folder/images"
grep -o 'images/[a-z0-9-]*\.png' "$folder/README.md" | sort -u | while read -r picture; do
  cp "$here/../docs/$picture" "$folder/images/"
done
cp "$here/LICENCES.md" "$here/GPL-3.txt" "$folder/"
cp "$here/../LICENSE" "$folder/MIT-source.txt"
# Every bundle has all instruments in it, so that it can be moved alone; an archive that knows hard links holds each one
# once.
find "$folder" -path '*/instruments/*' -type f | sort | while read -r copy; do
  once="$folder/$(basename "$copy").once"
  [ -e "$once" ] || ln "$copy" "$once"
  ln -f "$once" "$copy"
done
rm -f "$folder"/*.once
