using Kilonova.Crds;
using Kilonova.Operator.Servers;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>What all parts of a simulation agree on.</summary>
/// <param name="world">Is told of what is broken.</param>
/// <param name="off">Rules that are switched off.</param>
/// <param name="buildsFail">Whether builds fail now and then.</param>
internal sealed class Model(World world, Rules off, bool buildsFail)
{
    public const int MaxAttempts = 3;
    public const int Capacity = 2;

    public static readonly IReadOnlyDictionary<string, long> Claimed = new Dictionary<string, long> { ["VCPU"] = 1 };

    public static readonly EffectiveInventory TwoSlots = new([new Inventory("VCPU", Capacity, 0, 1, Capacity, 1, 1.0)]);

    public static readonly SchedulingRequest Request = new() { InstanceID = "", Resources = [new ResourceAmount("VCPU", 1)] };

    public static readonly Resolution.Complete Resolved = new(
        new Flavor { Metadata = new() { Name = "f" }, Spec = new FlavorSpec { Vcpus = 1 } }, null, [], []);

    public static readonly IReadOnlyList<string> Disks = ["disk"];

    private static readonly IReadOnlyDictionary<string, long> Most = new Dictionary<string, long> { ["VCPU"] = Capacity };

    /// <summary>The group of those servers that are in one.</summary>
    public const string Group = "apart";

    /// <summary>A Server as a user makes it.</summary>
    public static Server NewServer(string name, string uid, string version, bool grouped = false) => new()
    {
        Metadata = new() { Name = name, Namespace = "p", Uid = uid, ResourceVersion = version, Generation = 1 },
        Spec = new ServerSpec { Flavor = "f", SchedulerHints = grouped ? new SchedulerHints { Group = Group } : null },
    };

    /// <summary>The group as a user makes it: at most one member on each host.</summary>
    public static ServerGroup NewGroup(string version) => new()
    {
        Metadata = new() { Name = Group, Namespace = "p", Uid = Group, ResourceVersion = version, Generation = 1 },
        Spec = new ServerGroupSpec { Policy = ServerGroupPolicy.AntiAffinity },
    };

    public Rules Off => off;

    /// <summary>Whether builds fail now and then.</summary>
    public bool BuildsFail { get; set; } = buildsFail;

    /// <summary>What must never be.</summary>
    public Invariants Invariants { get; } = new(_ => Most);

    /// <summary>Hosts on which every build fails.</summary>
    public HashSet<string> Refusing { get; } = [];

    /// <summary>Evidence that a host was off, in one boot of it.</summary>
    public Dictionary<string, int> Fences { get; } = [];

    /// <summary>Instance IDs whose Instances an admin took out of the store by force: what they leave on hosts is the admin's to reap.</summary>
    public HashSet<string> Vanished { get; } = [];

    /// <summary>How often things happened that a run is to be about.</summary>
    public SortedDictionary<string, int> Happened { get; } = new(StringComparer.Ordinal);

    /// <summary>Counts something.</summary>
    public void Count(string what) => Happened[what] = Happened.GetValueOrDefault(what) + 1;

    /// <summary>Notes what is broken.</summary>
    public void Tell(string? broken) => world.Broken ??= broken;
}
