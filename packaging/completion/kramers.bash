# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Written by packaging/completion/write.py.
# shellcheck shell=bash
_kramers() {
  local program=${COMP_WORDS[0]##*/} current=${COMP_WORDS[COMP_CWORD]} words=''
  COMPREPLY=()
  case $program in
    'kramers-cg') words='--check --gpu-aware --help --keys --output --overwrite --quiet --resume --set --space --strict --summary --template --topology --verify --version' ;;
    'kramers-channel') words='--check --gpu-aware --help --keys --output --overwrite --precision --quiet --resume --set --space --strict --summary --template --topology --verify --version' ;;
    'kramers-classify') words='train predict evaluate sweep export --help --version' ;;
    'kramers-doctor') words='--help --json --strict --version' ;;
    'kramers-jacobi') words='--check --gpu-aware --help --keys --output --overwrite --precision --quiet --resume --set --space --summary --template --topology --verify --version' ;;
    'kramers-langevin') words='--check --help --keys --output --overwrite --precision --quiet --replay --resume --set --space --strict --summary --template --topology --until --version' ;;
    'kramers-launch') words='--account --beside --beside-machine --beside-nodes --beside-ranks --dry-run --env --gpu-aware --help --list --max-jobs --name --nodes --partition --ranks-per-node --run-folder --time --version' ;;
    'kramers-plot') words='--column --dpi --format --help --only --output-dir --style --version' ;;
    'kramers-rare') words='--check --help --keys --output --overwrite --quiet --resume --set --space --strict --summary --template --topology --version' ;;
    'kramers-spread') words='--adaptive --check --help --keys --output --overwrite --precision --quiet --set --space --summary --template --topology --version' ;;
    'kramers-topo') words='tree distance plan env check run snapshot diff emit-nccl-topo --help --version' ;;
  esac
  case "$program ${COMP_WORDS[1]}" in
    'kramers-classify train') words='--check --help --keys --model --output --overwrite --precision --quiet --resume --set --space --summary --template --topology' ;;
    'kramers-classify predict') words='--help --output --overwrite --quiet --space --summary --topology' ;;
    'kramers-classify evaluate') words='--help --output --overwrite --quiet --space --summary --topology' ;;
    'kramers-classify sweep') words='--check --help --keys --model --output --overwrite --precision --quiet --set --space --summary --template --topology' ;;
    'kramers-classify export') words='--help --output --overwrite --quiet --space --summary --topology' ;;
    'kramers-topo tree') words='--exact --fabric --help --ignore-port-state --json --map --partition --policy --ranks --ranks-per-gpu --reserve --reserve-per-numa --restrict --sharing --smt --svg --threads --xml' ;;
    'kramers-topo distance') words='--fabric --from --help --json --metric --partition --restrict --xml' ;;
    'kramers-topo plan') words='--exact --fabric --help --ignore-port-state --json --map --partition --policy --ranks --ranks-per-gpu --reserve --reserve-per-numa --restrict --sharing --smt --threads --xml' ;;
    'kramers-topo env') words='--exact --fabric --for --help --ignore-port-state --json --map --partition --policy --rank --ranks --ranks-per-gpu --reserve --reserve-per-numa --restrict --sharing --smt --strict --threads --xml' ;;
    'kramers-topo check') words='--binding --fabric --help --json --partition --pid --reserve --restrict --xml' ;;
    'kramers-topo run') words='--exact --fabric --for --force --help --ignore-port-state --map --partition --policy --rank --ranks --ranks-per-gpu --reserve --reserve-per-numa --restrict --sharing --smt --threads --xml' ;;
    'kramers-topo snapshot') words='--fabric --help --output --partition --restrict --xml' ;;
    'kramers-topo diff') words='--help --json' ;;
    'kramers-topo emit-nccl-topo') words='--fabric --help --output --partition --restrict --xml' ;;
  esac
  if [[ $current == -* || ($COMP_CWORD -eq 1 && $words != --*) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -o default -o bashdefault -F _kramers kramers-cg kramers-channel kramers-classify kramers-doctor kramers-jacobi kramers-langevin kramers-launch kramers-plot kramers-rare kramers-spread kramers-topo
