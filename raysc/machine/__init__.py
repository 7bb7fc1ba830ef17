"""The machine and the process that raysc runs in: paths, memory, modules of plug-ins, state of the process."""
