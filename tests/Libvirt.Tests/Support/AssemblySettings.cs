// The tests share one process with libvirt's one event loop, and several measure the process: one after the other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
