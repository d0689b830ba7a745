namespace Kilonova.Faults;

/// <summary>The rules in force, drawn from one seed. Thread-safe.</summary>
/// <remarks>The same seed gives the same choices for the same order of requests; concurrent clients make that order.</remarks>
public sealed class FaultPlan(int seed)
{
    private readonly Lock _lock = new();
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, long> _injected = new(StringComparer.Ordinal);
    private readonly List<(FaultRule Rule, Counter Left)> _rules = [];

    /// <summary>Seed of every choice.</summary>
    public int Seed => seed;

    /// <summary>The rules in force.</summary>
    public IReadOnlyList<FaultRule> Rules
    {
        get
        {
            lock (_lock)
                return [.. _rules.Select(r => r.Rule)];
        }
    }

    /// <summary>Faults so far, by name of their rule.</summary>
    public IReadOnlyDictionary<string, long> Injected
    {
        get
        {
            lock (_lock)
                return new Dictionary<string, long>(_injected);
        }
    }

    /// <summary>Replaces the rules; those that hit the same request apply in this order. None ends all faults to come.</summary>
    public void Set(params IReadOnlyList<FaultRule> rules)
    {
        ArgumentNullException.ThrowIfNull(rules);
        lock (_lock)
        {
            _rules.Clear();
            _rules.AddRange(rules.Select(r => (r, new Counter { Left = r.Times ?? int.MaxValue })));
        }
    }

    /// <summary>How often rules of that name hit.</summary>
    public long Count(string name)
    {
        lock (_lock)
            return _injected.GetValueOrDefault(name);
    }

    /// <summary>
    /// What happens to this request: every latency, and of the other faults the first that hits. A fault inside an answer counts as
    /// injected when it happens, see <see cref="Happened"/>; its turn is used up here.
    /// </summary>
    internal IReadOnlyList<FaultRule> Draw(in ApiCall call)
    {
        lock (_lock)
        {
            List<FaultRule>? drawn = null;
            var decided = false;
            foreach (var (rule, counter) in _rules)
            {
                if (counter.Left == 0 || !rule.Fits(call) || (decided && rule.Fault != FaultKind.Latency))
                    continue;
                if (rule.Percent is { } percent && _random.NextDouble() * 100 >= percent)
                    continue;
                counter.Left--;
                (drawn ??= []).Add(rule);
                decided |= rule.Fault != FaultKind.Latency;
            }

            return drawn ?? (IReadOnlyList<FaultRule>)[];
        }
    }

    /// <summary>A number from 0 to 1 for this request.</summary>
    internal double Next()
    {
        lock (_lock)
            return _random.NextDouble();
    }

    internal void Happened(FaultRule rule)
    {
        var name = rule.Name ?? rule.Fault.ToString();
        lock (_lock)
            _injected[name] = _injected.GetValueOrDefault(name) + 1;
    }

    private sealed class Counter
    {
        public int Left { get; set; }
    }
}
