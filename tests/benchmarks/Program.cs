using Kilonova.Benchmarks;
using Kilonova.Benchmarks.Boot;
using Kilonova.Benchmarks.Clusters;
using Kilonova.Benchmarks.Scheduling;

// One lane for each part that has figures to meet. A lane prints what it measured, beside something measured in the same run where there is something, and
// closes with its figures beside what they are to be.
var lanes = new Dictionary<string, Func<LaneOptions, Figures, Task>>(StringComparer.Ordinal)
{
    ["scheduler"] = (_, figures) => Task.Run(() => SchedulerLane.Run(figures)),
    ["boot"] = BootLane.RunAsync,
    ["writes"] = WritesLane.RunAsync,
    ["placements"] = PlacementsLane.RunAsync,
    ["idle"] = IdleLane.RunAsync,
};

if (args is ["lanes"])
{
    Console.WriteLine(string.Join('\n', lanes.Keys));
    return 0;
}

if (args.Length == 0 || !lanes.TryGetValue(args[0], out var lane))
{
    Console.Error.WriteLine($"usage: Kilonova.Benchmarks {string.Join('|', lanes.Keys)} [--option value]…, or lanes");
    return 2;
}

Console.WriteLine($"# {args[0]}: {Environment.ProcessorCount} CPUs, load {Machine.Load()}, .NET {Environment.Version}, {(Machine.IsOptimised ? "Release" : "DEBUG BUILD: figures mean nothing")}");
var figures = new Figures();
try
{
    await lane(new LaneOptions(args[1..]), figures);
}
catch (Exception error) when (error is TimeoutException or InvalidOperationException or ArgumentException)
{
    Console.Error.WriteLine($"{args[0]}: {error}");
    return 1;
}

figures.Print(args[0]);
Console.WriteLine($"load at the end: {Machine.Load()}");
return 0;
