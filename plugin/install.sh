#!/usr/bin/env bash
# Installs the built plugins for one user, where hosts look. install.sh BUILD HOME
set -euo pipefail
build=$1 home=$2

# put FILE FOLDER: replaces what lies there under that name.
put() {
  mkdir -p "$2"
  rm -rf "${2:?}/$(basename "$1")"
  cp -R "$1" "$2/"
  echo "Installed $2/$(basename "$1")"
}

for plugin in Transfer Instrument; do
  made="$build/${plugin}_artefacts/Release"
  name="DDSP-RT $plugin"
  if [ "$(uname -s)" = Darwin ]; then
    put "$made/VST3/$name.vst3" "$home/Library/Audio/Plug-Ins/VST3"
    put "$made/LV2/$name.lv2" "$home/Library/Audio/Plug-Ins/LV2"
    put "$made/AU/$name.component" "$home/Library/Audio/Plug-Ins/Components"
    put "$made/Standalone/$name.app" "$home/Applications"
  else
    put "$made/VST3/$name.vst3" "$home/.vst3"
    put "$made/LV2/$name.lv2" "$home/.lv2"
    put "$made/Standalone/$name" "$home/.local/share/ddsp-rt/programs"
    put "$made/Standalone/instruments" "$home/.local/share/ddsp-rt/programs"
    mkdir -p "$home/.local/bin"
    ln -sf "$home/.local/share/ddsp-rt/programs/$name" "$home/.local/bin/ddsp-rt-${plugin,,}"
  fi
done
