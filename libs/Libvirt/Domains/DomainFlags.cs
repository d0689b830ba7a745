namespace Kilonova.Libvirt.Domains;

/// <summary>Which domains to list; flags of one group are alternatives, groups narrow each other, none lists all.</summary>
[Flags]
public enum DomainListFlags
{
    /// <summary>All.</summary>
    All = 0,

    /// <summary>With a running instance, paused ones included.</summary>
    Active = 1 << 0,

    /// <summary>Without one.</summary>
    Inactive = 1 << 1,

    /// <summary>With a persistent definition.</summary>
    Persistent = 1 << 2,

    /// <summary>Without one.</summary>
    Transient = 1 << 3,

    /// <summary>Running.</summary>
    Running = 1 << 4,

    /// <summary>Paused.</summary>
    Paused = 1 << 5,

    /// <summary>Shut off.</summary>
    ShutOff = 1 << 6,

    /// <summary>In any other state.</summary>
    OtherState = 1 << 7,

    /// <summary>With a managed save image.</summary>
    ManagedSave = 1 << 8,

    /// <summary>Without one.</summary>
    NoManagedSave = 1 << 9,

    /// <summary>Started with the host.</summary>
    Autostart = 1 << 10,

    /// <summary>Not started with the host.</summary>
    NoAutostart = 1 << 11,
}

/// <summary>How to define.</summary>
[Flags]
public enum DomainDefineFlags
{
    /// <summary>As libvirt parses it; unknown elements are ignored.</summary>
    None = 0,

    /// <summary>Refuse what does not validate against libvirt's schema.</summary>
    Validate = 1 << 0,
}

/// <summary>How to start.</summary>
[Flags]
public enum DomainStartFlags
{
    /// <summary>Boot, or restore the managed save image if there is one.</summary>
    None = 0,

    /// <summary>Leave it paused.</summary>
    Paused = 1 << 0,

    /// <summary>Kill it when the connection closes.</summary>
    AutoDestroy = 1 << 1,

    /// <summary>Keep a restore out of the page cache.</summary>
    BypassCache = 1 << 2,

    /// <summary>Boot afresh and throw the managed save image away.</summary>
    ForceBoot = 1 << 3,

    /// <summary>Make UEFI variables anew from the template (libvirt 8.1).</summary>
    ResetNvram = 1 << 5,
}

/// <summary>How to ask a guest to shut down or reboot; none is the driver's choice.</summary>
[Flags]
public enum DomainShutdownFlags
{
    /// <summary>The driver's choice.</summary>
    Default = 0,

    /// <summary>Press the power button.</summary>
    Acpi = 1 << 0,

    /// <summary>Ask the guest agent.</summary>
    GuestAgent = 1 << 1,
}

/// <summary>What goes with a definition.</summary>
[Flags]
public enum DomainUndefineFlags
{
    /// <summary>Nothing: fails if something of the below exists.</summary>
    None = 0,

    /// <summary>The managed save image.</summary>
    ManagedSave = 1 << 0,

    /// <summary>What is known of snapshots.</summary>
    SnapshotsMetadata = 1 << 1,

    /// <summary>The UEFI variables.</summary>
    Nvram = 1 << 2,

    /// <summary>Keep the UEFI variables.</summary>
    KeepNvram = 1 << 3,

    /// <summary>What is known of checkpoints.</summary>
    CheckpointsMetadata = 1 << 4,

    /// <summary>The state of the emulated TPM (libvirt 8.9).</summary>
    Tpm = 1 << 5,

    /// <summary>Keep the state of the emulated TPM (libvirt 8.9).</summary>
    KeepTpm = 1 << 6,

    /// <summary>Everything that libvirt keeps of a domain.</summary>
    Everything = ManagedSave | SnapshotsMetadata | Nvram | CheckpointsMetadata | Tpm,
}

/// <summary>Which XML.</summary>
[Flags]
public enum DomainXmlFlags
{
    /// <summary>Of the running instance, or the persistent definition if it does not run.</summary>
    None = 0,

    /// <summary>With passwords.</summary>
    Secure = 1 << 0,

    /// <summary>The persistent definition.</summary>
    Inactive = 1 << 1,

    /// <summary>Fit for the destination of a migration.</summary>
    Migratable = 1 << 3,
}

/// <summary>What a change applies to.</summary>
[Flags]
public enum DomainAffect
{
    /// <summary>The running instance, or the definition if it does not run.</summary>
    Current = 0,

    /// <summary>The running instance.</summary>
    Live = 1 << 0,

    /// <summary>The persistent definition.</summary>
    Config = 1 << 1,
}

/// <summary>Which figures.</summary>
[Flags]
public enum DomainStatsKinds
{
    /// <summary>All that the driver has.</summary>
    All = 0,

    /// <summary>State.</summary>
    State = 1 << 0,

    /// <summary>CPU time.</summary>
    Cpu = 1 << 1,

    /// <summary>Memory, from the balloon.</summary>
    Balloon = 1 << 2,

    /// <summary>Each virtual CPU.</summary>
    VirtualCpu = 1 << 3,

    /// <summary>Network interfaces.</summary>
    Interface = 1 << 4,

    /// <summary>Disks.</summary>
    Block = 1 << 5,
}
