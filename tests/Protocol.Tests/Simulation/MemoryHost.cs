using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;

namespace Kilonova.Protocol.Tests.Simulation;

/// <summary>A host as it is without its agent: libvirt, files, and what is on stable storage.</summary>
internal sealed class MemoryHost(string name)
{
    public string Name => name;

    /// <summary>Which boot this is.</summary>
    public int Boot { get; private set; } = 1;

    /// <summary>Whether it has power.</summary>
    public bool On { get; private set; } = true;

    public Dictionary<string, MemoryDomain> Domains { get; } = [];

    public HashSet<string> Files { get; } = [];

    public Dictionary<string, InstanceRecord> Records { get; } = [];

    public Dictionary<string, long> Tombstones { get; } = [];

    /// <summary>Instance IDs that something happened to; whoever runs as its agent looks at them.</summary>
    public SortedSet<string> Due { get; } = new(StringComparer.Ordinal);

    /// <summary>Guests that were started, for good.</summary>
    public int Started { get; set; }

    /// <summary>Everything of ours that is here.</summary>
    public IEnumerable<string> Ids => Domains.Keys.Concat(Records.Keys).Concat(Files).Distinct();

    /// <summary>Whether a guest's CPUs run here.</summary>
    public bool Runs(string id) => Domains.GetValueOrDefault(id)?.State == PowerState.Running;

    /// <summary>Power is lost, and every guest with it.</summary>
    public void PowerOff(Invariants invariants)
    {
        On = false;
        foreach (var (id, domain) in Domains.ToList())
        {
            Domains[id] = domain with { State = PowerState.Shutdown };
            invariants.SeeOff(Name, id);
        }
    }

    /// <summary>An admin removes a stray.</summary>
    public void Reap(string id, Invariants invariants)
    {
        Domains.Remove(id);
        Files.Remove(id);
        Records.Remove(id);
        invariants.SeeOff(Name, id);
        Due.Add(id);
    }

    /// <summary>It comes up, in another boot.</summary>
    public void PowerOn()
    {
        if (!On)
            Boot++;
        On = true;
    }
}

/// <summary>A domain as libvirt has it, with our metadata.</summary>
internal sealed record MemoryDomain(PowerState State, long Epoch, string ClaimID, string Server);
