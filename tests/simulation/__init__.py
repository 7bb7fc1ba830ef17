"""Simulation of a store: the code of raysc on virtual clocks, hosts, processes and objects, with faults."""
