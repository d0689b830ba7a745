using Kilonova.Crds;

namespace Kilonova.Scheduling.Weighers;

/// <summary>For servers in a group of policy SoftAntiAffinity: the negative of the members of the group on the host. The fewest wins (spec: SCH-48).</summary>
/// <param name="multiplier">Multiplier of the configuration.</param>
public sealed class SoftAntiAffinityWeigher(double multiplier) : GroupMembersWeigher(multiplier, ServerGroupPolicy.SoftAntiAffinity, worth: -1)
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "ServerGroupSoftAntiAffinityWeigher";

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "soft_anti_affinity_weight_multiplier";
}
