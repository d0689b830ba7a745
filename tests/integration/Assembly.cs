// Each class has a cluster of its own; two cores hold one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
