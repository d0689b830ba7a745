using Kilonova.Crds;
using Kilonova.NodeAgent.Protocol;
using Kilonova.NodeAgent.State;

namespace Kilonova.NodeAgent.Tests.State;

public class StateTests
{
    private const string ID = "11111111-2222-3333-4444-555555555555";

    private static readonly InstanceRecord Record = new()
    {
        InstanceID = ID,
        Epoch = 3,
        ClaimID = "claim",
        Server = "demo/web",
        WantedPower = WantedPowerState.Stopped,
        Run = GuestRun.Off,
        StoppedByGuest = true,
        StartedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero),
    };

    [Fact]
    public void The_host_ID_is_made_once()
    {
        using var directory = new TemporaryDirectory();
        var first = new StateDirectory(directory.Path).HostID;
        Assert.True(Guid.TryParse(first, out _));
        Assert.Equal(first, new StateDirectory(directory.Path).HostID);
    }

    [Fact]
    public void A_damaged_host_ID_is_never_replaced()
    {
        using var directory = new TemporaryDirectory();
        _ = new StateDirectory(directory.Path);
        File.WriteAllText(directory.File("hostID"), "half a UU");
        Assert.Throws<InvalidDataException>(() => new StateDirectory(directory.Path));
        Assert.Equal("half a UU", File.ReadAllText(directory.File("hostID")));
    }

    [Fact]
    public void A_record_comes_back_as_it_was_written()
    {
        using var directory = new TemporaryDirectory();
        var records = new RecordStore(new StateDirectory(directory.Path));
        Assert.Null(records.Read(ID));
        records.Write(Record);
        Assert.Equal(Record, records.Read(ID));
        Assert.Equal([ID], records.Ids());
        records.Remove(ID);
        Assert.Null(records.Read(ID));
        records.Remove(ID);
    }

    [Fact]
    public void A_write_that_was_cut_short_leaves_the_old_record()
    {
        using var directory = new TemporaryDirectory();
        var state = new StateDirectory(directory.Path);
        var records = new RecordStore(state);
        records.Write(Record);
        File.WriteAllText(Path.Combine(state.Records, ID + ".json.new"), "{\"instanceID\":");
        Assert.Equal(Record, records.Read(ID));
        Assert.Equal([ID], records.Ids());
        records.Write(Record with { Epoch = 4 });
        Assert.Equal(4, records.Read(ID)!.Epoch);
    }

    [Fact]
    public void A_record_that_cannot_be_read_is_an_error_and_not_absent()
    {
        using var directory = new TemporaryDirectory();
        var state = new StateDirectory(directory.Path);
        File.WriteAllText(Path.Combine(state.Records, ID + ".json"), "{");
        Assert.Throws<InvalidDataException>(() => new RecordStore(state).Read(ID));
    }

    [Fact]
    public void A_record_is_readable_by_its_owner_only()
    {
        using var directory = new TemporaryDirectory();
        var state = new StateDirectory(directory.Path);
        new RecordStore(state).Write(Record);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(state.Records, ID + ".json")));
    }

    [Fact]
    public void A_tombstone_only_rises_and_goes_when_it_is_old()
    {
        using var directory = new TemporaryDirectory();
        var records = new RecordStore(new StateDirectory(directory.Path));
        var then = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        records.WriteTombstone(ID, 4, then);
        records.WriteTombstone(ID, 2, then);
        Assert.Equal(4, records.TombstoneEpoch(ID));
        records.Prune(then);
        Assert.Equal(4, records.TombstoneEpoch(ID));
        records.Prune(then.AddSeconds(1));
        Assert.Null(records.TombstoneEpoch(ID));
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("11111111-2222-3333-4444-55555555555A")]
    [InlineData("")]
    [InlineData("web")]
    public void Only_instance_IDs_reach_a_path(string id)
    {
        using var directory = new TemporaryDirectory();
        var state = new StateDirectory(directory.Path);
        Assert.Throws<ArgumentException>(() => state.FilesOf(id));
        Assert.Throws<ArgumentException>(() => new RecordStore(state).Read(id));
    }
}
