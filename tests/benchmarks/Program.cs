using Kilonova.Benchmarks;
using Kilonova.Benchmarks.Scheduling;

// One lane for each part that has figures to meet. A lane prints its figures beside what they are to be, and beside something measured in the same run.
var lanes = new Dictionary<string, Func<ReadOnlyMemory<string>, Task>>(StringComparer.Ordinal)
{
    ["scheduler"] = _ => Task.Run(SchedulerLane.Run),
};

if (args.Length == 0 || !lanes.TryGetValue(args[0], out var lane))
{
    Console.Error.WriteLine($"usage: Kilonova.Benchmarks {string.Join('|', lanes.Keys)} [options]");
    return 2;
}

Console.WriteLine($"# {args[0]}: {Environment.ProcessorCount} CPUs, load {Machine.Load()}, .NET {Environment.Version}, {(Machine.IsOptimised ? "Release" : "DEBUG BUILD: figures mean nothing")}");
await lane(args.AsMemory(1));
return 0;
